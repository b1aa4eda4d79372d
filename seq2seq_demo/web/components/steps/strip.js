// A vector as a strip of its first units: blue above zero, orange below, the deeper the farther from it.

/** A number of at most four characters and its sign, for narrow places. */
lab.brief = (value) => lab.number(value, Math.abs(value) >= 9.995 ? 1 : 2);

/** The first units of a vector as a text: 0.31, −0.22, … */
lab.unitsText = ({ first, size }) => `${first.map((value) => lab.brief(value)).join(", ")}${size > first.length ? ", …" : ""}`;

/**
 * Draw a vector, `{first, size, norm, mean}`; `scale` is the value with the deepest colour. `label` names it.
 */
lab.strip = ({ vector, scale, label, t }) => {
  const cells = vector.first.map((value, index) => {
    const cell = lab.el("span", { class: value < 0 ? "s2s-unit below" : "s2s-unit",
      "data-tip": t("steps.unit", { unit: index + 1, size: vector.size, value: lab.number(value, 3) }) });
    cell.style.setProperty("--depth", Math.min(1, Math.abs(value) / scale).toFixed(3));
    return cell;
  });
  return lab.el("span", { class: "s2s-strip", role: "img", "aria-label": `${label}: ${lab.unitsText(vector)}` }, cells);
};
