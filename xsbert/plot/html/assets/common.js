"use strict";
// What both pages need: the data, numbers, texts as words that can be chosen, and the frame's height.

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  element.append(...children); // strings become text nodes: a text is never markup
  return element;
}

// A matrix comes in float32, row by row.
function unpacked({ rows, columns, packed }) {
  const bytes = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
  const cells = new DataView(bytes.buffer);
  const values = new Float32Array(rows * columns);
  for (let k = 0; k < values.length; k++) values[k] = cells.getFloat32(4 * k, true);
  return { rows, columns, values, at: (i, j) => values[i * columns + j] };
}

const digits = (limit) => Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(limit || 1))));

function shown(value, limit) {
  const text = Math.abs(value).toFixed(digits(limit));
  return (value < 0 && Number(text) !== 0 ? "−" : "+") + text;
}

// How much of a colour a value has: more than in proportion, so that weak ones are seen beside a strong one.
const strength = (value, limit) => Math.min(1, Math.abs(value) / (limit || 1)) ** 0.65;

function shade(element, value, limit) {
  const visible = strength(value, limit) >= 0.1;
  element.classList.toggle("pos", visible && value > 0);
  element.classList.toggle("neg", visible && value < 0);
  element.style.setProperty("--t", visible ? strength(value, limit).toFixed(3) : 0);
}

function setLegend(limit, of) {
  $("least").textContent = shown(-limit, limit);
  $("most").textContent = shown(limit, limit);
  $("scale").textContent = of;
}

const hintOf = (read) => `the model read “${read}”`;
// What is said of a word beside its hint: lower case alone is no news.
const asRead = (read, label) => (read && read !== label.toLowerCase() ? [" (the model read ", make("bdi", {}, "“" + read + "”"), ")"] : []);

// Sets a text: pieces are [token or -1 or -2, characters, 1 for a chip or 2 for unknown]. Gives the element of each token.
// `read` holds what the model read of tokens, where that is not as written.
function setText(box, pieces, side, read = {}) {
  const words = [];
  box.replaceChildren();
  for (const [token, characters, mark] of pieces) {
    if (token === -1) box.append(characters);
    else if (token === -2) box.append(make("span", { class: "cut", title: "the model did not read this" }, characters));
    else {
      const role = { role: "button", tabindex: words.length ? "-1" : "0", "aria-pressed": "false" };
      // With a direction of its own, a chip has no say in the text's.
      const chip = { class: "w chip", dir: "auto" };
      const unknown = { class: "w unknown", title: "not in the model's vocabulary" };
      const kind = mark === 1 ? chip : mark === 2 ? unknown : { class: "w" };
      const word = make("span", { ...kind, ...role }, characters);
      if (read[token]) word.title = hintOf(read[token]);
      Object.assign(word, { side, index: token });
      words[token] = word;
      box.append(word);
    }
  }
  return words;
}

// The choice of a word by pointing, focus or click. `changed` is called with the word to show, or null, and the one
// that is kept; others can be looked at meanwhile. `cleared` is called where all is let go.
function choosing(root, changed, cleared = () => {}) {
  let pinned = null, focused = null, pointed = null;
  const now = () => pointed || focused || pinned;
  const wordOf = (event) => (event.target.closest ? event.target.closest(".w") : null);
  const tell = () => {
    for (const word of root.querySelectorAll(".w")) word.setAttribute("aria-pressed", String(word === pinned));
    changed(now(), pinned);
  };
  const forget = () => { pinned = pointed = focused = null; cleared(); };
  const clear = () => { forget(); tell(); };
  const pin = (word) => { pinned = pinned === word ? null : word; tell(); };
  root.addEventListener("pointerover", (event) => {
    const word = event.pointerType === "touch" ? null : wordOf(event);
    if (word !== pointed) { pointed = word; tell(); }
  });
  root.addEventListener("pointerleave", () => { pointed = null; tell(); });
  root.addEventListener("focusin", (event) => {
    if (event.target.matches(":focus-visible")) { focused = wordOf(event); tell(); }
  });
  root.addEventListener("focusout", () => { focused = null; tell(); });
  document.addEventListener("click", (event) => {
    const word = root.contains(event.target) && wordOf(event);
    if (word) { pointed = focused = null; pin(word); }
    else if (!event.target.closest("button, input, label, figure, table, summary")) clear();
  });
  root.addEventListener("keydown", (event) => {
    const word = wordOf(event);
    if (word && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); pin(word); }
    else if (word) move(word, event);
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") clear(); });
  return { clear, forget, pin, now, pinned: () => pinned };
}

function move(word, event) {
  const words = [...word.parentElement.querySelectorAll(".w")];
  const back = getComputedStyle(word.parentElement).direction === "rtl" ? "ArrowRight" : "ArrowLeft";
  const forth = back === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
  const here = words.indexOf(word);
  const next = { [back]: here - 1, ArrowUp: here - 1, [forth]: here + 1, ArrowDown: here + 1,
    Home: 0, End: words.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  if (!words[next]) return;
  word.tabIndex = -1;
  words[next].tabIndex = 0;
  words[next].focus();
}

// In a notebook the page is in a frame, which takes the page's height.
function fitFrame() {
  let frame = null;
  try { frame = window.frameElement; } catch { return; } // a frame of another origin keeps its own
  if (!frame) return;
  const fit = () => { frame.style.height = Math.ceil(document.body.getBoundingClientRect().height) + 2 + "px"; };
  new ResizeObserver(fit).observe(document.body);
}
fitFrame();
