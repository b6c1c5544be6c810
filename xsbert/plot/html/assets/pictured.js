// The page of a pair with a picture: each side has the colours of what is chosen on the other, or of all of it.

const explanations = data.explanations.map((each) => ({
  ...each, views: Object.fromEntries(each.views.map((view) => [view.name, { ...view, matrix: unpacked(view.matrix), sums: {} }])),
}));
const SIDES = ["a", "b"], NAMED = 5;
const state = { at: 0, name: data.explanations[0].views[0].name, view: null, cell: null };
let words = { a: [], b: [] }, grids = { a: null, b: null }, boxes = { a: null, b: null };

const other = (side) => (side === "a" ? "b" : "a");
const pictureOf = (side) => explanations[state.at].pictures[side];
const limitOf = () => state.view.limit;
const labels = (side) => state.view["labels_" + side];
const readings = (side) => state.view["read_" + side];
const unitOf = (side) => (pictureOf(side) ? "patch" : state.name === "words" ? "word" : "token");
const heading = (side) => `${unitOf(side)} of ${side.toUpperCase()}`;
const isShown = () => true; // in a file of all pairs
const isListed = (i, j) => isDrawn("a", i) && isDrawn("b", j); // what a model adds to patches is in no table
const wordCell = () => state.cell;
const at = (side, i, k) => (side === "a" ? state.view.matrix.at(i, k) : state.view.matrix.at(k, i));
const patchesOf = (side) => pictureOf(side).rows * pictureOf(side).columns;
const isDrawn = (side, i) => !pictureOf(side) || i < patchesOf(side);

// What is chosen on a side, and how it is told: positions, null for nothing.
function chosen(side) {
  if (state.cell) return one(side, side === "a" ? state.cell.i : state.cell.j);
  if (boxes[side]) return inBox(side, boxes[side].now());
  const word = choice.now();
  return word && word.side === side ? one(side, word.index) : null;
}

const one = (side, index) => ({ indices: [index], label: labels(side)[index] });

function inBox(side, box) {
  if (!box) return null;
  const [r, c, s, d] = box, { columns } = pictureOf(side), indices = [];
  for (let row = r; row <= s; row++) for (let column = c; column <= d; column++) indices.push(row * columns + column);
  if (indices.length === 1) return one(side, indices[0]);
  return { indices, box: true, label: `the box of ${s - r + 1} × ${d - c + 1} patches`, place: `rows ${r + 1}–${s + 1}, columns ${c + 1}–${d + 1}` };
}

// What each word or patch of a side has with what is chosen on the other; with nothing chosen, with all of it.
function values(side, across) {
  const { sums } = state.view;
  if (!across && sums[side]) return sums[side];
  const all = across ? across.indices : labels(other(side)).map((_, k) => k);
  const found = labels(side).map((_, i) => all.reduce((total, k) => total + at(side, i, k), 0));
  if (!across) sums[side] = found;
  return found;
}

// A word or a patch alone has the scale of the strongest pair of all; more of them one that grows with their number.
function limitFor(side, found, across) {
  const count = across ? across.indices.length : labels(other(side)).length, { view } = state;
  const inside = pictureOf(side) ? found.slice(0, patchesOf(side)) : found;
  return Math.max(view.limit, Math.min(view["least_" + side], count * view.least), ...inside.map(Math.abs));
}

function draw() {
  for (const side of SIDES) {
    const across = chosen(other(side)), own = chosen(side), found = values(side, across), limit = limitFor(side, found, across);
    if (grids[side]) {
      grids[side].shade(found, limit);
      const kept = boxes[side].kept(), now = state.cell ? boxAt(side, own.indices[0]) : boxes[side].now();
      grids[side].mark(kept, now);
    } else for (const word of words[side]) {
      if (!word) continue;
      word.classList.toggle("chosen", Boolean(own && own.indices[0] === word.index));
      shade(word, found[word.index], limit);
    }
    setScale(side, limit, across);
    if (across && !grids[side]) scrollTo(words[side][found.map(Math.abs).reduce((best, v, k, all) => (v > all[best] ? k : best), 0)]);
  }
  markRows();
  say();
  writeAddress();
}

// In a long text, the word that goes best with what is chosen is scrolled into its box.
function scrollTo(word) {
  if (!word) return;
  const box = word.parentElement, [inner, outer] = [word.getBoundingClientRect(), box.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom) box.scrollTop += inner.top - outer.top - box.clientHeight / 2;
}

const boxAt = (side, index) => { const { columns } = pictureOf(side), r = Math.floor(index / columns), c = index % columns; return [r, c, r, c]; };

function setScale(side, limit, across) {
  const scale = $("scale-" + side), all = pictureOf(other(side)) ? "the whole picture" : `all ${unitOf(other(side))}s together`;
  scale.querySelector(".least").textContent = shown(-limit, limit);
  scale.querySelector(".most").textContent = shown(limit, limit);
  scale.querySelector(".of").replaceChildren(`of a ${unitOf(side)}, with `, across ? quoted(other(side), across) : all);
}

const quoted = (side, { label }) => (pictureOf(side) ? label : make("bdi", {}, "“" + label + "”"));
const sumOf = (some, found) => some.indices.reduce((total, i) => total + found[i], 0);
const capital = (text) => text[0].toUpperCase() + text.slice(1);

// What is chosen, in words: its sum of the whole, and what it goes with.
function say() {
  const status = $("status"), [a, b] = SIDES.map(chosen), coarse = explanations[state.at].limit;
  const isFine = (...some) => some.every((each) => each.indices.length === 1);
  const number = (v, fine) => make("span", { class: "num" }, shown(v, fine ? limitOf() : coarse));
  const total = () => number(values("a", null).reduce((sum, v) => sum + v, 0));
  const place = (some) => (some.place ? ` (${some.place})` : "");
  const named = (side, some) => (pictureOf(side) ? capital(some.label) : quoted(side, some));
  status.replaceChildren();
  if (a && b) {
    const word = (side, some) => [quoted(side, some), place(some)];
    status.append(named("a", a), place(a), " with ", ...word("b", b), ": ", number(sumOf(a, values("a", b)), isFine(a, b)), " of ", total());
  } else if (a || b) {
    const side = a ? "a" : "b", across = other(side), some = a || b, found = values(across, some), picture = pictureOf(across);
    status.append(named(side, some), place(some), ": ", number(sumOf(some, values(side, null)), pictureOf(side) && isFine(some)), " of ", total());
    const drawnOnes = found.slice(0, picture ? patchesOf(across) : undefined), least = 0.02 * Math.max(...drawnOnes.map(Math.abs));
    drawnOnes.map((v, k) => ({ k, v })).filter(({ v }) => Math.abs(v) > least)
      .sort((p, q) => Math.abs(q.v) - Math.abs(p.v)).slice(0, picture ? 1 : NAMED)
      .forEach(({ k, v }, n) => status.append(picture ? "; most with the patch in " : n ? ", " : "; with ", quoted(across, { label: labels(across)[k] }), picture ? ": " : " ", number(v, isFine(some))));
  } else status.append(help());
}

function help() {
  const text = SIDES.find((side) => !pictureOf(side)), hover = matchMedia("(hover: hover)").matches;
  if (!text) return `${hover ? "Point at" : "Tap"} a patch of one picture, or drag a box on it, to see in the other what it goes with. ${hover ? "A click keeps a patch, Escape lets it go." : "Tap elsewhere to let it go."}`;
  return hover ? `Point at a ${unitOf(text)} to see where in the picture it is found; click to keep it. Drag a box on the picture to see which ${unitOf(text)}s go with it. Escape lets all go; Tab and the arrow keys do the same.`
    : `Tap a ${unitOf(text)} to see where in the picture it is found. Drag a box on the picture, or tap it, to see which ${unitOf(text)}s go with it; tap elsewhere to let go.`;
}

// Shows an explanation, by words or by tokens.
function setView(index, name) {
  const { views } = explanations[index];
  Object.assign(state, { at: index, name: name in views ? name : Object.keys(views)[0], cell: null });
  state.view = views[state.name];
  for (const side of SIDES) {
    const picture = pictureOf(side);
    if (!picture) { words[side] = setText($("text-" + side), state.view[side], side, readings(side)); continue; }
    grids[side] = setPicture($("picture-" + side), picture, picture.data || explanations[0].pictures[side].data);
    boxes[side] = choosingPatches($("picture-" + side), picture, grids[side], () => { if (boxes[side].kept()) keptCell = null; if (boxes[side].now()) state.cell = null; draw(); });
    $("name-" + side).textContent = picture.name;
    $("unseen-" + side).hidden = !grids[side].cropped;
  }
  for (const about of document.querySelectorAll(".about")) about.hidden = Number(about.dataset.explanation) !== index;
  fillTable();
  draw();
}

// #x=1&view=tokens&w=a4&box=b2.3.4.5: an explanation, a word that is kept, and a box by its corners, counted from 0.
function readAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1)), index = Number(wanted.get("x") || 0);
  setView(explanations[index] ? index : 0, wanted.get("view") || state.name);
  for (const [name, v] of [["explanation", String(state.at)], ["view", state.name]]) for (const radio of document.getElementsByName(name)) radio.checked = radio.value === v;
  for (const text of wanted.getAll("box")) {
    const [, side, corners] = text.match(/^([ab])(\d+\.\d+\.\d+\.\d+)$/) || [], [r, c, s, d] = (corners || "").split(".").map(Number);
    if (boxes[side] && r <= s && c <= d && s < pictureOf(side).rows && d < pictureOf(side).columns) boxes[side].keep([r, c, s, d]);
  }
  const [, side, place] = (wanted.get("w") || "").match(/^([ab])(\d+)$/) || [];
  if (side && words[side][place]) choice.pin(words[side][place]);
}

function writeAddress() {
  const word = choice.pinned(), kept = SIDES.filter((side) => boxes[side]?.kept());
  const parts = [state.at && `x=${state.at}`, state.name !== data.explanations[0].views[0].name && `view=${state.name}`, word && `w=${word.side}${word.index}`,
    ...kept.map((side) => `box=${side}${boxes[side].kept().join(".")}`)].filter(Boolean);
  if (location.hash.slice(1) === parts.join("&")) return;
  try { history.replaceState(null, "", "#" + parts.join("&")); } catch { /* a frame in a notebook has no address */ }
}

const forgetBoxes = () => { keptCell = state.cell = null; for (const side of SIDES) boxes[side]?.clear(); };
let keptCell = null;
const choice = choosing($("sides"), (word, pinned) => { if (pinned) keptCell = null; state.cell = word ? null : keptCell; draw(); }, forgetBoxes);
const pointedAt = (cell) => { state.cell = cell || keptCell; draw(); };
const keep = (cell) => { choice.clear(); keptCell = state.cell = cell; draw(); };
const again = (index, name) => { choice.forget(); setView(index, name); };
for (const radio of document.getElementsByName("view")) radio.addEventListener("change", () => again(state.at, radio.value));
for (const radio of document.getElementsByName("explanation")) radio.addEventListener("change", () => again(Number(radio.value), state.name));
addEventListener("hashchange", () => { choice.forget(); readAddress(); });
watchTable(pointedAt, keep);
readAddress();
