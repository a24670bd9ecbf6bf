/**
 * Which parts of the filter's text are marked: terms, and mistakes in them. The reading may be of a
 * text some keystrokes ago; what stands before and after them is still where it was.
 */
import type { QueryRead } from "../../backend";

export type Mark = "plain" | "term" | "not" | "off" | "bad";

export interface Segment {
  text: string;
  mark: Mark;
}

/** The text in pieces, each with its mark, in order and without gaps. */
export function segmentsOf(text: string, read: QueryRead | null, readText: string): Segment[] {
  const marks = new Array<Mark>(text.length).fill("plain");
  const move = moverOf(readText, text);
  const put = (start: number, end: number, mark: Mark) => {
    const moved = move(start, end);
    if (moved) marks.fill(mark, moved.start, moved.end);
  };
  for (const { start, end, negated, off } of read?.terms ?? [])
    put(start, end, off ? "off" : negated ? "not" : "term");
  for (const { start, end } of read?.mistakes ?? []) {
    // What is missing is marked at what stands before it.
    if (start === end) put(Math.max(0, start - 1), Math.max(1, end), "bad");
    else put(start, end, "bad");
  }
  const segments: Segment[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const mark = marks[at] ?? "plain";
    const last = segments.at(-1);
    if (last?.mark === mark) last.text += text[at];
    else segments.push({ text: text[at] ?? "", mark });
  }
  return segments;
}

/** Where a span of the old text is in the new one; null where it was changed. */
function moverOf(before: string, after: string) {
  const shortest = Math.min(before.length, after.length);
  let head = 0;
  while (head < shortest && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < shortest - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const shift = after.length - before.length;
  return (start: number, end: number) => {
    if (end <= head) return { start, end };
    if (start >= before.length - tail) return { start: start + shift, end: end + shift };
    return null;
  };
}
