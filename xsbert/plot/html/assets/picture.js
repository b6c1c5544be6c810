// What is shown as one picture: both texts with their colours above the heatmap; and the way from zero to the score.

const MARGIN = 16, LINE = 26, WIDEST = 760;

const escaped = (text) => String(text).replace(/[&<>"]/g, (char) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[char]);
const colour = (v, limit, palette) => `rgb(${mixed(v, limit, palette).join()})`;

// A text's words in lines, each a box in its colour.
function lineOfWords(side, top, palette, pen) {
  const parts = [];
  let x = MARGIN, y = top;
  const limit = state.chosen ? limitOf() : Math.max(limitOf(), ...["a", "b"].flatMap((each) => sums(each).map(Math.abs)));
  for (const [token, characters] of state.view[side]) {
    const width = pen.measureText(characters).width;
    if (x + width > WIDEST && x > MARGIN) { x = MARGIN; y += LINE; }
    const v = token < 0 ? 0 : state.chosen ? (side === state.chosen.side ? 0 : pair(state.chosen.side, state.chosen.index, token)) : sums(side)[token];
    if (token >= 0 && strength(v, limit) >= 0.1) parts.push(`<rect x="${x.toFixed(1)}" y="${y - 15}" width="${width.toFixed(1)}" height="20" rx="3" fill="${colour(v, limit, palette)}"/>`);
    parts.push(`<text x="${x.toFixed(1)}" y="${y}" xml:space="preserve">${escaped(characters)}</text>`);
    x += width;
  }
  return [parts.join(""), y + LINE];
}

// The picture as SVG, in the colours of paper.
function picture() {
  const palette = { paper: [255, 255, 255], raises: [238, 123, 91], lowers: [90, 160, 214] }, grid = gridShown(), cell = 22;
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = "15px sans-serif";
  const parts = [`<text x="${MARGIN}" y="24" font-weight="600">${escaped(document.querySelector(".about:not([hidden]) .lead").textContent)}</text>`];
  let top = 54;
  for (const side of ["a", "b"]) { const [part, next] = lineOfWords(side, top, palette, pen); parts.push(part); top = next + 6; }
  pen.font = "12px sans-serif";
  const wide = (all) => Math.max(0, ...all.map((label) => pen.measureText(label).width)) + 8;
  const left = MARGIN + wide(grid.rows), upper = top + wide(grid.columns);
  grid.rows.forEach((label, i) => parts.push(`<text x="${left - 5}" y="${upper + (i + 0.5) * cell + 4}" font-size="12" text-anchor="end">${escaped(label)}</text>`));
  grid.columns.forEach((label, j) => parts.push(`<text transform="translate(${left + (j + 0.5) * cell + 4} ${upper - 5}) rotate(-90)" font-size="12">${escaped(label)}</text>`));
  grid.rows.forEach((_, i) => grid.columns.forEach((_, j) => parts.push(`<rect x="${left + j * cell}" y="${upper + i * cell}" width="${cell}" height="${cell}" fill="${colour(grid.at(i, j), grid.limit, palette)}" stroke="#d5d9df" stroke-width="0.5"/>`)));
  const width = Math.ceil(Math.max(WIDEST + MARGIN, left + grid.columns.length * cell + MARGIN)), height = Math.ceil(upper + grid.rows.length * cell + MARGIN);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="15"><rect width="100%" height="100%" fill="#ffffff"/>${parts.join("")}</svg>`;
}

// The same in pixels, two for each.
async function painting() {
  const image = new Image();
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(picture());
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: 2 * image.width, height: 2 * image.height });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

const MOST_BARS = 24;

// Bars from zero to the score: each word of a text with its sum over the other, then what no word has.
function drawFall() {
  const side = document.querySelector("[name=fall]:checked").value, svg = $("fall"), { score } = explanation();
  const every = sums(side).map((v, i) => ({ label: labels(side)[i], value: v })).filter((bar) => bar.value !== 0);
  const strong = [...every].sort((p, q) => Math.abs(q.value) - Math.abs(p.value)).slice(0, MOST_BARS);
  const bars = every.filter((bar) => strong.includes(bar)), total = (some) => some.reduce((sum, bar) => sum + bar.value, 0);
  const weak = total(every) - total(bars), rest = score - total(every);
  if (Math.abs(weak) > 5e-4) bars.push({ label: `${every.length - bars.length} weaker words`, value: weak });
  if (Math.abs(rest) > 5e-3 * limitOf()) bars.push({ label: state.least || state.off.size ? "what is hidden" : "not by words", value: rest });
  let at = 0;
  const steps = bars.map((bar) => { const from = at; at += bar.value; return { ...bar, from, to: at }; });
  const ends = [0, score, ...steps.flatMap((step) => [step.from, step.to])], [low, high] = [Math.min(...ends), Math.max(...ends)];
  const left = 112, width = 220, height = 22, x = (v) => left + ((v - low) / (high - low || 1)) * width;
  const made = (tag, attributes, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, v] of Object.entries(attributes)) element.setAttribute(name, v);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = '12px system-ui, -apple-system, "Segoe UI", sans-serif';
  const fitting = (label) => { let most = 14, name = clipped(label, most); while (most > 2 && pen.measureText(name).width > left - 10) name = clipped(label, --most); return name; };
  svg.replaceChildren();
  [...steps, { label: "score", value: score, from: 0, to: score, whole: true }].forEach((step, n) => {
    const y = n * height + 4, [x0, x1] = [x(Math.min(step.from, step.to)), x(Math.max(step.from, step.to))];
    svg.append(made("text", { x: left - 8, y: y + 13, "text-anchor": "end" }, fitting(step.label)));
    svg.append(made("rect", { x: x0, y, width: Math.max(1, x1 - x0), height: 16, class: step.whole ? "whole" : step.value < 0 ? "neg" : "pos" }));
    svg.append(made("text", { x: left + width + 10, y: y + 13, class: "num" }, shown(step.value, limitOf())));
  });
  svg.append(made("line", { x1: x(0), x2: x(0), y1: 0, y2: (steps.length + 1) * height }));
  const [w, h] = [left + width + 70, (steps.length + 1) * height + 4];
  for (const [name, v] of Object.entries({ viewBox: `0 0 ${w} ${h}`, width: w, height: h })) svg.setAttribute(name, v);
  svg.setAttribute("aria-label", `From zero to ${shown(score, limitOf())}, word by word of text ${side.toUpperCase()}`);
}
