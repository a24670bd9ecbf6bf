/**
 * Text from elsewhere, made safe to look at: characters that cannot be seen, or that would turn
 * the text round, are written out. What is copied is always the original, never this.
 */

/* eslint-disable no-control-regex -- control characters are what this file is about */
const INVISIBLE =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u115f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
/* eslint-enable no-control-regex */

const NAMES: Record<number, string> = {
  0x00: "NUL",
  0x1b: "ESC",
  0x7f: "DEL",
  0xad: "soft hyphen",
  0x200b: "zero width",
  0x200c: "ZWNJ",
  0x200d: "ZWJ",
  0x200e: "LRM",
  0x200f: "RLM",
  0x202a: "LRE",
  0x202b: "RLE",
  0x202c: "PDF",
  0x202d: "LRO",
  0x202e: "RLO",
  0x2066: "LRI",
  0x2067: "RLI",
  0x2068: "FSI",
  0x2069: "PDI",
  0xfeff: "BOM",
};

function written(character: string): string {
  const code = character.charCodeAt(0);
  return `\u2039${NAMES[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, "0")}`}\u203a`;
}

/** Several lines stay several lines; tabs stay. */
export function visibleText(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(INVISIBLE, written);
}

/** The same on one line, for a cell. */
export function visibleLine(text: string): string {
  return visibleText(text).replace(/\s*\n\s*/g, " \u21b5 ");
}
