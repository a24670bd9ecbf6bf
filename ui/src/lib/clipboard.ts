/**
 * Puts text on the clipboard. Some web views refuse the modern way outside a click, so the old one
 * stands behind it.
 */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const focused = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  // Under an open dialog the page cannot be selected in.
  (focused?.closest("dialog") ?? document.body).append(area);
  area.select();
  // Deprecated, and still the only other way every engine has.
  const done = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return done;
}

/**
 * The same for text that is still being made. Web views allow the clipboard for a moment after a
 * key or a click; given the promise at once, they wait for it.
 */
export async function copyLater(text: Promise<string>): Promise<boolean> {
  try {
    const blob = text.then((made) => new Blob([made], { type: "text/plain" }));
    // Where the text cannot be made, that is told below, once.
    blob.catch(() => undefined);
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
    return true;
  } catch {
    return copyText(await text);
  }
}
