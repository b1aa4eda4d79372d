() => {
  window.dispatchEvent(new CustomEvent("s2s-failed"));
}
