/** Decimal digits of a number, of which a tie goes to the even one, as in Python; JavaScript moves it away from zero. */
export function toFixedEven(value: number, digits: number): string {
  const text = value.toFixed(digits);
  // A number of 64 bits that lies between two texts of so many digits has exactly one digit more.
  const isTie = new RegExp(`\\.\\d{${digits}}50*$`).test(value.toFixed(MAX_DIGITS));
  const last = Number(text.at(-1));
  return isTie && last % 2 === 1 ? text.slice(0, -1) + (last - 1) : text;
}

/** Nearest number with so many digits behind the point, or before it if negative. */
export function roundEven(value: number, digits: number): number {
  const unit = 10 ** Math.max(0, -digits);
  return Number(toFixedEven(value / unit, Math.max(0, digits))) * unit;
}

/** As many as `Number.toFixed` takes. */
export const MAX_DIGITS = 100;
