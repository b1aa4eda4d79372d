// What test_keyboard.py asks of the page.
window.walk = (() => {
  // Without the classes that come with the focus.
  const kind = (node) => [...node.classList].filter((one) => !["on", "lit", "active"].includes(one)).join(" ");
  const name = (node) => [node.tagName.toLowerCase(), node.id, kind(node), node.getAttribute("aria-label") ?? node.name,
    // A heatmap writes the weights of the row that has the focus.
    node.matches("svg") ? "" : node.textContent.slice(0, 30)].filter(Boolean).join(" ");

  /** Where Tab can go: what is shown, enabled and in the order; of a group of radio buttons the chosen one. */
  const stops = (root) => [...root.querySelectorAll("button, input, select, textarea, summary, a[href], [tabindex]")].filter((node) =>
    node.tabIndex >= 0 && !node.disabled && node.checkVisibility() && node.getClientRects().length
    && (node.type !== "radio" || node.checked || !root.querySelector(`input[name="${node.name}"]:checked`)));

  /** Whether the focus is drawn: around the element, what stands for it, its label or the sentence box. */
  const isSeen = (node) => {
    if (node.matches("#s2s-text")) return getComputedStyle(node.closest(".s2s-box")).borderColor !== getComputedStyle(document.querySelector(".s2s-result")).borderColor;
    return [node, node.nextElementSibling, node.closest("label")].some((part) => {
      const { outlineStyle, outlineWidth } = part ? getComputedStyle(part) : { outlineStyle: "none" };
      return outlineStyle !== "none" && parseFloat(outlineWidth) >= 1;
    });
  };

  const isInSight = (node) => {
    const { top, bottom, left, right } = node.getBoundingClientRect();
    return bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
  };

  /** Describe where the focus is, null outside `root`; `again` tells that it was there before. */
  const stop = (root) => {
    const node = document.activeElement;
    if (!root.contains(node)) return null;
    const again = node.hasAttribute("data-walked");
    node.setAttribute("data-walked", "");
    return { name: name(node), seen: isSeen(node), inSight: isInSight(node), again };
  };

  /** Number the groups in `root` with members that Tab leaves out; returns their names. */
  const groups = (root) => {
    const GROUPS = "[role=tablist], [role=radiogroup], [role=grid], [role=tree], [role=listbox], [role=group]";
    const left = [...root.querySelectorAll("[tabindex='-1']")].filter((node) => node.checkVisibility() && node.getClientRects().length && node.ariaHidden !== "true");
    // One member of a group can be reached by Tab: without a role, the group is what holds that one too.
    const holder = (node) => (node.matches("[tabindex='0']") || node.querySelector("[tabindex='0']") || node === root ? node : holder(node.parentElement));
    const found = [...new Set(left.map((node) => node.closest(GROUPS) ?? holder(node.parentElement)))];
    found.forEach((group, index) => group.setAttribute("data-group", index));
    return found.map(name);
  };

  /** What changes when an arrow key does something. */
  const place = () => {
    const node = document.activeElement;
    return `${[...document.querySelectorAll("*")].indexOf(node)} ${node.getAttribute("aria-activedescendant")}`;
  };

  return { stops: (root) => stops(root).map(name), stop, groups, place };
})();
