// Making and filling elements. Text only ever goes in as text, so nothing a camera says becomes markup.

export function element(tag, className = '', text = '') {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

/** Leaves the node alone where nothing changed, so that a selection in it survives. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
