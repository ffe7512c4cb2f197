/** Where a text stops being JSON. V8 does not say it for every mistake. */

/** What V8 says of a text that is only too short. */
const TOO_SHORT = /Unexpected end of JSON input|Unterminated string/;
const POSITION = /at position (\d+)/;

/** Lines and columns count from 1. */
export function placeOfJsonError(text: string): { readonly line: number; readonly column: number } {
  // A beginning of JSON is only too short; the first beginning that is wrong in itself ends with the mistake.
  let [good, bad] = [0, text.length + 1];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (canGoOn(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  const before = text.slice(0, Math.min(good, text.length)).split('\n');
  return { line: before.length, column: (before.at(-1) as string).length + 1 };
}

function canGoOn(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return true;
  } catch (error) {
    const message = String(error);
    return TOO_SHORT.test(message) || Number(POSITION.exec(message)?.[1]) === beginning.length;
  }
}
