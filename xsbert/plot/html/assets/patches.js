// A picture in patches: shaded, pointed at, boxed by dragging or by keys.

// A box is [first row, first column, last row, last column], counted from 0.
const boxOf = ([r, c], [s, d]) => [Math.min(r, s), Math.min(c, d), Math.max(r, s), Math.max(c, d)];
const same = (box, other) => Boolean(box && other) && box.join() === other.join();

function drawn(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

// Sets a picture: itself, or nothing where it is not known; a rectangle for each patch; grey over what the model did
// not see. Gives what shades the patches and what marks boxes.
function setPicture(element, picture, image) {
  const { width, height, columns } = picture, within = (v, most) => Math.min(most, Math.max(0, v));
  const boxes = picture.boxes.map(([l, t, r, b]) => [within(l, width), within(t, height), within(r, width), within(b, height)]);
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", class: "patches", "aria-hidden": "true" });
  const patches = boxes.map(([l, t, r, b]) => drawn("rect", { x: l, y: t, width: r - l, height: b - t }));
  const least = (k) => Math.min(...boxes.map((box) => box[k])), most = (k) => Math.max(...boxes.map((box) => box[k]));
  const [l, t, r, b] = boxes.length ? [least(0), least(1), most(2), most(3)] : [0, 0, 0, 0];
  const cropped = (r - l) * (b - t) < 0.995 * width * height;
  if (cropped) svg.append(drawn("path", { class: "unseen", "fill-rule": "evenodd", d: `M0 0H${width}V${height}H0ZM${l} ${t}V${b}H${r}V${t}Z` }));
  const strokes = drawn("path", { class: "strokes" }), marks = drawn("g", {});
  svg.append(...patches, strokes, marks);
  element.style.setProperty("--ratio", String(width / height));
  element.classList.toggle("empty", !image);
  element.replaceChildren(...(image ? [make("img", { alt: picture.name, src: image, draggable: "false" })] : []), svg);

  const around = (box) => { const p = boxes[box[0] * columns + box[1]], q = boxes[box[2] * columns + box[3]]; return { x: p[0], y: p[1], width: q[2] - p[0], height: q[3] - p[1] }; };
  return {
    svg, boxes, cropped,
    // A negative patch has a stroke, so that its sign is seen without colour.
    shade(values, limit) {
      const negative = [];
      patches.forEach((patch, k) => {
        shade(patch, values[k], limit);
        const [x0, y0, x1, y1] = boxes[k];
        if (patch.classList.contains("neg")) negative.push(`M${x0 + 0.35 * (x1 - x0)} ${(y0 + y1) / 2}h${0.3 * (x1 - x0)}`);
      });
      strokes.setAttribute("d", negative.join(""));
    },
    mark(kept, now) {
      const lines = (box, kind) => (box ? [drawn("rect", { ...around(box), class: "edge" }), drawn("rect", { ...around(box), class: kind })] : []);
      marks.replaceChildren(...lines(kept, "kept"), ...(same(kept, now) ? [] : lines(now, "now")));
    },
  };
}

// The choice of a patch by pointing or keys, and of a box by dragging or keys with Shift. A click keeps a patch.
// `changed` is called at each change.
function choosingPatches(element, picture, { svg, boxes }, changed) {
  const { rows, columns } = picture;
  let kept = null, pointed = null, focused = null, from = null, before = null, anchor = [0, 0], cursor = null;
  if (boxes.length) Object.entries({ tabindex: "0", role: "application", "aria-roledescription": "picture in patches" }).forEach(([name, value]) => element.setAttribute(name, value));
  element.setAttribute("aria-label", `${picture.name}, in ${rows} rows of ${columns} patches. Arrow keys move from patch to patch, with Shift they make a box; Enter keeps it, Escape lets it go.`);
  const one = (cell) => [...cell, ...cell];
  const keep = (box) => { kept = box; changed(); };

  // The patch at a point, or the nearest; null outside where it has to be inside.
  const cellAt = (event, inside) => {
    const area = svg.getBoundingClientRect();
    const x = ((event.clientX - area.left) / area.width) * picture.width, y = ((event.clientY - area.top) / area.height) * picture.height;
    const [first, last] = [boxes[0], boxes.at(-1)];
    if (!first || (inside && (x < first[0] || y < first[1] || x > last[2] || y > last[3]))) return null;
    let [row, column] = [0, 0];
    while (row + 1 < rows && y >= boxes[(row + 1) * columns][1]) row++;
    while (column + 1 < columns && x >= boxes[column + 1][0]) column++;
    return [row, column];
  };
  element.onpointerdown = (event) => {
    from = event.button === 0 ? cellAt(event, true) : null;
    if (!from) return;
    element.setPointerCapture(event.pointerId);
    [before, anchor, cursor, pointed, focused] = [kept, from, from, null, null];
    keep(one(from));
  };
  element.onpointermove = (event) => {
    if (from) { const box = boxOf(from, (cursor = cellAt(event, false))); if (!same(box, kept)) keep(box); return; }
    if (event.pointerType === "touch") return;
    const cell = cellAt(event, true), box = cell && one(cell);
    if (!same(box, pointed) && (box || pointed)) { pointed = box; changed(); }
  };
  element.onpointerup = () => {
    if (from && same(kept, before) && same(kept, one(from))) keep(null); // once more: it is let go
    from = null;
  };
  element.onpointercancel = () => { if (from) keep(before); from = null; };
  element.onpointerleave = () => { if (pointed) { pointed = null; changed(); } };
  element.onfocus = () => { if (element.matches(":focus-visible")) { cursor ||= anchor; focused = one(cursor); changed(); } };
  element.onblur = () => { if (focused) { focused = null; changed(); } };
  element.onkeydown = (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); const box = focused || one(cursor || anchor); focused = null; keep(same(box, kept) ? null : box); }
    if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    cursor ||= anchor;
    cursor = [Math.min(rows - 1, Math.max(0, cursor[0] + step[0])), Math.min(columns - 1, Math.max(0, cursor[1] + step[1]))];
    pointed = null;
    if (event.shiftKey) { focused = null; keep(boxOf(anchor, cursor)); return; }
    anchor = cursor;
    focused = one(cursor);
    changed();
  };
  return {
    kept: () => kept,
    now: () => pointed || focused || kept,
    keep,
    clear: () => { kept = pointed = focused = from = null; },
  };
}
