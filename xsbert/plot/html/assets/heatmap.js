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

// The cells, one pixel each. Painted anew where a value or a colour changes, not where the pointer moves.
function cells(palette) {
  const { rows, columns, limit } = state.view.matrix, key = [state.view.name, state.least, palette.paper].join();
  if (painted.key === key) return painted.image;
  const image = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  const pen = image.getContext("2d"), pixels = pen.createImageData(columns, rows);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) {
    pixels.data.set([...mixed(value(i, j), limit, palette), 255], 4 * (i * columns + j));
  }
  pen.putImageData(pixels, 0, 0);
  return Object.assign(painted, { key, image }).image;
}

// The width that the table leaves, or all of it where the table goes below.
function roomBeside(below) {
  const beside = below.clientWidth - below.querySelector("table").offsetWidth - 45;
  return Math.min(720, beside >= 400 ? beside : below.clientWidth);
}

const clipped = (label, most) => { const chars = [...label]; return chars.length > most ? chars.slice(0, most - 1).join("") + "…" : label; };

function drawHeatmap() {
  const canvas = $("heatmap"), pen = canvas.getContext("2d"), { rows, columns, limit } = state.view.matrix;
  const room = roomBeside(canvas.closest(".below")), font = 'px system-ui, -apple-system, "Segoe UI", sans-serif';
  const [a, b] = ["a", "b"].map((side) => labels(side).map((label) => clipped(label, 14)));
  pen.font = "12" + font;
  const width = (all) => Math.ceil(Math.max(...all.map((label) => pen.measureText(label).width))) + 8;
  let [left, top] = [width(a), width(b)];
  let cell = Math.min(28, (room - left - 1) / columns);
  const named = cell >= 9 || rows + columns <= 80;
  if (named) cell = Math.max(12, cell);
  else { left = top = 0; cell = Math.max(2, Math.min(28, (room - 1) / columns)); }
  Object.assign(map, { cell, left, top });
  const ratio = Math.min(devicePixelRatio || 1, 8192 / (left + cell * columns + 1), 8192 / (top + cell * rows + 1));
  Object.assign(canvas, { width: Math.ceil((left + cell * columns + 1) * ratio), height: Math.ceil((top + cell * rows + 1) * ratio) });
  canvas.style.width = left + cell * columns + 1 + "px";
  canvas.style.height = top + cell * rows + 1 + "px";
  pen.scale(ratio, ratio);
  const palette = colours();
  pen.imageSmoothingEnabled = false;
  pen.drawImage(cells(palette), left, top, columns * cell, rows * cell);
  if (cell >= 12) strokes(pen, palette.ink);
  if (cell >= 7) grid(pen, rows, columns, palette.line);
  if (named) name(pen, a, b, palette.ink, Math.min(12, 0.85 * cell) + font);
  mark(pen, palette.ink);
  $("caption").textContent = "Text A down, text B across" + (named ? "." : "; point at a cell to read its words.");
  canvas.setAttribute("aria-label", `Heatmap of ${rows} by ${columns} ${state.view.name}. The strongest pairs are in the table.`);
}

// In each negative cell, so that the sign is seen without colour.
function strokes(pen, ink) {
  const { cell, left, top } = map, { rows, columns, limit } = state.view.matrix;
  pen.fillStyle = ink;
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) {
    const v = value(i, j);
    if (v < 0 && strength(v, limit) >= 0.1) pen.fillRect(left + (j + 0.35) * cell, top + (i + 0.5) * cell - 0.5, 0.3 * cell, 1);
  }
}

function grid(pen, rows, columns, colour) {
  const { cell, left, top } = map;
  pen.strokeStyle = colour;
  pen.lineWidth = 0.5;
  pen.beginPath();
  for (let i = 0; i <= rows; i++) { pen.moveTo(left, top + i * cell); pen.lineTo(left + columns * cell, top + i * cell); }
  for (let j = 0; j <= columns; j++) { pen.moveTo(left + j * cell, top); pen.lineTo(left + j * cell, top + rows * cell); }
  pen.stroke();
}

function name(pen, a, b, ink, font) {
  const { cell, left, top } = map;
  Object.assign(pen, { fillStyle: ink, font, textBaseline: "middle", textAlign: "right" });
  a.forEach((label, i) => pen.fillText(label, left - 5, top + (i + 0.5) * cell));
  pen.textAlign = "left";
  b.forEach((label, j) => {
    pen.save();
    pen.translate(left + (j + 0.5) * cell, top - 5);
    pen.rotate(-Math.PI / 2);
    pen.fillText(label, 0, 0);
    pen.restore();
  });
}

function mark(pen, ink) {
  const { cell, left, top } = map, { rows, columns } = state.view.matrix, { chosen } = state;
  Object.assign(pen, { strokeStyle: ink, lineWidth: 2 });
  if (chosen && chosen.side === "a") pen.strokeRect(left, top + chosen.index * cell, columns * cell, cell);
  else if (chosen) pen.strokeRect(left + chosen.index * cell, top, cell, rows * cell);
  else if (state.cell) pen.strokeRect(left + state.cell.j * cell, top + state.cell.i * cell, cell, cell);
}

// `pointed` is called with the cell under the pointer or null, `tapped` with the one that a finger taps: it stays.
function watchHeatmap(pointed, tapped) {
  const canvas = $("heatmap"), isTouch = (event) => event.pointerType === "touch";
  const cellAt = (event) => {
    const box = canvas.getBoundingClientRect(), { rows, columns } = state.view.matrix;
    const i = Math.floor((event.clientY - box.top - map.top) / map.cell), j = Math.floor((event.clientX - box.left - map.left) / map.cell);
    return i >= 0 && j >= 0 && i < rows && j < columns ? { i, j } : null;
  };
  canvas.addEventListener("pointermove", (event) => {
    const cell = cellAt(event);
    if (!isTouch(event) && (cell?.i !== state.cell?.i || cell?.j !== state.cell?.j)) pointed(cell);
  });
  canvas.addEventListener("pointerleave", (event) => { if (state.cell && !isTouch(event)) pointed(null); });
  document.addEventListener("pointerup", (event) => {
    if (!isTouch(event) || event.target.closest(".controls")) return;
    if (event.target === canvas) tapped(cellAt(event));
    else if (state.cell) pointed(null);
  });
}
