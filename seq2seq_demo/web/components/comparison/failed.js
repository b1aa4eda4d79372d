() => {
  window.dispatchEvent(new CustomEvent("s2s-comparison-failed"));
}
