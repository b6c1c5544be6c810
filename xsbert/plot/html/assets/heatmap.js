// The heatmap beside the texts: a canvas, for a page may have a hundred thousand pairs.

const map = { cell: 0, left: 0, top: 0 };
const painted = { key: "", image: null };

function colours() {
  const style = getComputedStyle(document.documentElement);
  const rgb = (name) => style.getPropertyValue(name).trim().match(/[0-9a-f]{2}/gi).map((part) => parseInt(part, 16));
  return { paper: rgb("--paper"), raises: rgb("--raises"), lowers: rgb("--lowers"), ink: style.getPropertyValue("--ink"), line: style.getPropertyValue("--line") };
}

function mixed(value, limit, { paper, raises, lowers }) {
  const share = strength(value, limit), pole = value < 0 ? lowers : raises;
  return paper.map((p, k) => Math.round(p + (pole[k] - p) * share));
}

// A long pair is shown by sentences first: [start, end) of the words of each, and its characters.
const MOST_NAMED = 80;
const isLong = () => state.view.sentences_a.length + state.view.sentences_b.length > 2 && labels("a").length + labels("b").length > MOST_NAMED;

// What the heatmap shows: all words, all sentences, or the words of two sentences.
function gridShown() {
  const { view, block } = state;
  if (!isLong()) return gridOf([0, labels("a").length], [0, labels("b").length]);
  if (block) return gridOf(view.sentences_a[block.i], view.sentences_b[block.j]);
  const names = (side) => view["sentences_" + side].map(([, , text], n) => `${n + 1} ${text}`);
  const total = ([i0, i1], [j0, j1]) => { let sum = 0; for (let i = i0; i < i1; i++) for (let j = j0; j < j1; j++) sum += value(i, j); return sum; };
  const sums = view.sentences_a.map((a) => view.sentences_b.map((b) => total(a, b)));
  const limit = Math.max(view.limit, ...sums.flat().map(Math.abs));
  return { rows: names("a"), columns: names("b"), at: (i, j) => sums[i][j], limit, bySentence: true, cellAt: (i, j) => ({ i, j, bySentence: true, value: sums[i][j] }) };
}

function gridOf([i0, i1], [j0, j1]) {
  return { rows: labels("a").slice(i0, i1), columns: labels("b").slice(j0, j1), at: (i, j) => value(i0 + i, j0 + j), limit: state.view.limit, i0, j0, cellAt: (i, j) => ({ i: i0 + i, j: j0 + j }) };
}

// The cells, one pixel each. Painted anew where a value or a colour changes, not where the pointer moves.
function cells(grid, palette) {
  const key = [shownNow(), JSON.stringify(state.block), palette.paper].join();
  if (painted.key === key) return painted.image;
  const [rows, columns] = [grid.rows.length, grid.columns.length];
  const image = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  const pen = image.getContext("2d"), pixels = pen.createImageData(columns, rows);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) {
    pixels.data.set([...mixed(grid.at(i, j), grid.limit, palette), 255], 4 * (i * columns + j));
  }
  pen.putImageData(pixels, 0, 0);
  return Object.assign(painted, { key, image }).image;
}

// The width that the table leaves, or all of it where the table goes below.
function roomBeside(below) {
  const beside = below.clientWidth - $("strongest").offsetWidth - 45;
  return Math.min(760, beside >= 400 ? beside : below.clientWidth);
}

const clipped = (label, most) => { const chars = [...label]; return chars.length > most ? chars.slice(0, most - 1).join("") + "…" : label; };

function drawHeatmap() {
  const canvas = $("heatmap"), pen = canvas.getContext("2d"), grid = gridShown();
  const [rows, columns] = [grid.rows.length, grid.columns.length];
  const room = roomBeside(canvas.closest(".below")), font = 'px system-ui, -apple-system, "Segoe UI", sans-serif';
  const [a, b] = [grid.rows, grid.columns].map((all) => all.map((label) => clipped(label, grid.bySentence ? 24 : 14)));
  pen.font = "12" + font;
  const width = (all) => Math.ceil(Math.max(0, ...all.map((label) => pen.measureText(label).width))) + 8;
  let [left, top] = [width(a), Math.max(width(b), ...b.map((label) => isUpright(label) ? 13 * [...label].length + 8 : 0))];
  const largest = rows <= 12 && columns <= 16 ? 40 : 28;
  let cell = Math.min(largest, (room - left - 1) / columns);
  const named = cell >= 9 || rows + columns <= MOST_NAMED;
  if (named) cell = Math.max(12, cell);
  else { left = top = 0; cell = Math.max(2, Math.min(largest, (room - 1) / columns)); }
  Object.assign(map, { cell, left, top, grid });
  const ratio = Math.min(devicePixelRatio || 1, 8192 / (left + cell * columns + 1), 8192 / (top + cell * rows + 1));
  Object.assign(canvas, { width: Math.ceil((left + cell * columns + 1) * ratio), height: Math.ceil((top + cell * rows + 1) * ratio) });
  canvas.style.width = left + cell * columns + 1 + "px";
  canvas.style.height = top + cell * rows + 1 + "px";
  pen.scale(ratio, ratio);
  const palette = colours();
  pen.imageSmoothingEnabled = false;
  if (rows && columns) pen.drawImage(cells(grid, palette), left, top, columns * cell, rows * cell);
  if (cell >= 12) strokes(pen, palette.ink);
  if (cell >= 7) lines(pen, palette.line);
  if (named) name(pen, a, b, palette.ink, Math.min(12, 0.85 * cell) + font);
  mark(pen, palette.ink);
  const unit = grid.bySentence ? "sentences" : state.name;
  $("caption").textContent = "Text A down, text B across" + (grid.bySentence ? ", by sentences; click one to see its words." : named ? "." : "; point at a cell to read its words.");
  $("unfold").hidden = !isLong() || !state.block;
  canvas.setAttribute("aria-label", `Heatmap of ${rows} by ${columns} ${unit}. The strongest pairs are in the table.`);
}

// In each negative cell, so that the sign is seen without colour.
function strokes(pen, ink) {
  const { cell, left, top, grid } = map;
  pen.fillStyle = ink;
  grid.rows.forEach((_, i) => grid.columns.forEach((_, j) => {
    const v = grid.at(i, j);
    if (v < 0 && strength(v, grid.limit) >= 0.1) pen.fillRect(left + (j + 0.35) * cell, top + (i + 0.5) * cell - 0.5, 0.3 * cell, 1);
  }));
}

function lines(pen, colour) {
  const { cell, left, top, grid } = map, [rows, columns] = [grid.rows.length, grid.columns.length];
  pen.strokeStyle = colour;
  pen.lineWidth = 0.5;
  pen.beginPath();
  for (let i = 0; i <= rows; i++) { pen.moveTo(left, top + i * cell); pen.lineTo(left + columns * cell, top + i * cell); }
  for (let j = 0; j <= columns; j++) { pen.moveTo(left + j * cell, top); pen.lineTo(left + j * cell, top + rows * cell); }
  pen.stroke();
}

// Writing that stands upright in a column: Chinese, Japanese, Korean, emoji.
const isUpright = (label) => /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Extended_Pictographic}\u200d\ufe0f…]+$/u.test(label);

function name(pen, a, b, ink, font) {
  const { cell, left, top } = map;
  Object.assign(pen, { fillStyle: ink, font, textBaseline: "middle", textAlign: "right" });
  a.forEach((label, i) => pen.fillText(label, left - 5, top + (i + 0.5) * cell));
  b.forEach((label, j) => {
    const x = left + (j + 0.5) * cell;
    if (isUpright(label)) {
      pen.textAlign = "center";
      const characters = [...new Intl.Segmenter().segment(label)].map((part) => part.segment);
      characters.reverse().forEach((character, n) => pen.fillText(character, x, top - 10 - 13 * n));
      return;
    }
    pen.textAlign = "left";
    pen.save();
    pen.translate(x, top - 5);
    pen.rotate(-Math.PI / 2);
    pen.fillText(label, 0, 0);
    pen.restore();
  });
}

function mark(pen, ink) {
  const { cell, left, top, grid } = map, { chosen } = state, [rows, columns] = [grid.rows.length, grid.columns.length];
  Object.assign(pen, { strokeStyle: ink, lineWidth: 2 });
  const box = (i, j, down, across) => { if (i >= 0 && j >= 0 && i < rows && j < columns) pen.strokeRect(left + j * cell, top + i * cell, across * cell, down * cell); };
  if (grid.bySentence) { if (state.cell?.bySentence) box(state.cell.i, state.cell.j, 1, 1); }
  else if (chosen && chosen.side === "a") box(chosen.index - grid.i0, 0, 1, columns);
  else if (chosen) box(0, chosen.index - grid.j0, rows, 1);
  else if (state.cell && !state.cell.bySentence) box(state.cell.i - grid.i0, state.cell.j - grid.j0, 1, 1);
}

// `pointed` is called with the cell under the pointer or null, `kept` with the one that is clicked or tapped.
function watchHeatmap(pointed, kept) {
  const canvas = $("heatmap");
  const cellAt = (event) => {
    const box = canvas.getBoundingClientRect(), { grid } = map;
    const i = Math.floor((event.clientY - box.top - map.top) / map.cell), j = Math.floor((event.clientX - box.left - map.left) / map.cell);
    return i >= 0 && j >= 0 && i < grid.rows.length && j < grid.columns.length ? grid.cellAt(i, j) : null;
  };
  canvas.addEventListener("pointermove", (event) => {
    const cell = cellAt(event);
    if (event.pointerType !== "touch" && (cell?.i !== state.cell?.i || cell?.j !== state.cell?.j)) pointed(cell);
  });
  canvas.addEventListener("pointerleave", (event) => { if (state.cell && event.pointerType !== "touch") pointed(null); });
  canvas.addEventListener("click", (event) => {
    const cell = cellAt(event);
    if (cell?.bySentence) { state.block = cell; pointed(null); } else kept(cell);
  });
  $("unfold").addEventListener("click", () => { state.block = null; kept(null); });
}
