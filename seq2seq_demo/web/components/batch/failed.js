() => {
  window.dispatchEvent(new CustomEvent("s2s-batch-failed"));
}
