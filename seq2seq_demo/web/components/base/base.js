// What every component uses: building elements, numbers, words and the tooltip.
// All files of the page are joined into one function (see assets.py); `lab` holds what they share.

const lab = {};

/** What the page says where nothing comes back; errors of Python's look the same. */
lab.NO_ANSWER = { code: "no_answer", fields: {}, message: "The server did not answer." };

/** A name for a request, by which its answers are known. */
lab.newId = () => `${Date.now()}-${Math.random().toString(36).slice(2)}`;

/** Build an HTML element. `options`: class, text (never markup), attributes, data-*, and `on` for listeners. */
lab.el = (tag, options = {}, children = []) =>
  lab.fill(document.createElement(tag), options, children);

/** Build an SVG element; the options are those of `lab.el`. */
lab.svg = (tag, options = {}, children = []) =>
  lab.fill(document.createElementNS("http://www.w3.org/2000/svg", tag), options, children);

lab.fill = (node, options, children) => {
  for (const [name, value] of Object.entries(options)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name === "on") for (const [type, listener] of Object.entries(value)) node.addEventListener(type, listener);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

/** A number for people: a real minus sign and a fixed number of decimals. */
lab.number = (value, decimals = 2) => {
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
};

/** A probability or weight without its leading zero, for narrow places: .43, 1.0. */
lab.short = (value) => {
  const text = value.toFixed(2);
  return text.startsWith("0") ? text.slice(1) : "1.0";
};

/** Seconds for people. */
lab.seconds = (seconds) => (seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`);

/**
 * The words of one language. `table` maps a key to one text for each language; `{name}` in a text is replaced by the
 * field of that name.
 */
lab.words = (table, language) => (key, fields = {}) => {
  const entry = table[key];
  if (!entry) return key;
  return entry[language].replace(/\{(\w+)\}/g, (whole, name) => (name in fields ? String(fields[name]) : whole));
};

/** Say an error from Python, `{code, fields, message}`, in the visitor's language. */
lab.errorText = (t, error) => {
  const fields = { ...error.fields };
  if (fields.field && t(`field.${fields.field}`) !== `field.${fields.field}`) fields.field = t(`field.${fields.field}`);
  for (const name of ["allowed", "got"]) {
    if (name in fields && t(`value.${fields[name]}`) !== `value.${fields[name]}`) fields[name] = t(`value.${fields[name]}`);
  }
  const key = `error.${error.code}`;
  const text = t(key, fields);
  return text === key || /\{\w+\}/.test(text) ? error.message : text;
};

/**
 * One floating tooltip for everything in `root` with a `data-tip`: shown on hover and on keyboard focus, kept inside
 * the window.
 */
lab.tooltip = (root) => {
  const box = lab.el("div", { class: "s2s-tip", role: "tooltip", id: "s2s-tip", hidden: true });
  root.append(box);
  let owner = null;
  let pressed = null; // where the pointer was when it last pressed a button, until it moves
  const hide = () => {
    box.hidden = true;
    owner?.removeAttribute("aria-describedby");
    owner = null;
  };
  const show = (event) => {
    const target = event.target.closest?.("[data-tip]");
    if (target === owner) return;
    hide();
    if (!target) return;
    owner = target;
    box.textContent = target.getAttribute("data-tip");
    box.hidden = false;
    target.setAttribute("aria-describedby", "s2s-tip");
    const at = target.getBoundingClientRect();
    const size = box.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    const left = Math.min(Math.max(8, at.left + at.width / 2 - size.width / 2), width - size.width - 8);
    const above = at.top - size.height - 8;
    box.style.left = `${left}px`;
    box.style.top = `${above > 4 ? above : at.bottom + 8}px`;
  };
  // A finger points at nothing: it presses. A button that it presses answers; all else that it presses shows its hint.
  root.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch" && event.target.closest("button, input, select, summary")) return hide();
    if (event.clientX === pressed?.x && event.clientY === pressed?.y) return;
    pressed = null;
    show(event);
  });
  root.addEventListener("focusin", (event) => {
    if (event.target.matches(":focus-visible") || !event.target.closest("button, input, select, summary, label")) show(event);
  });
  // The answer to a press is not to be covered, not even where it puts another button under the resting pointer.
  root.addEventListener("click", (event) => {
    if (!event.target.closest("button, input")) return;
    pressed = { x: event.clientX, y: event.clientY };
    hide();
  });
  root.addEventListener("pointerleave", hide);
  root.addEventListener("focusout", hide);
  root.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  window.addEventListener("scroll", hide, { passive: true });
};
