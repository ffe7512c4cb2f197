/** Turns what a task hands on into the form in which it is stored, within the limit of an XCom. */
import { encodeTagged } from '../../model/codec.js';
import { AirflowLikeError } from '../../model/errors.js';
import type { TaggedJson } from '../../model/tagged-json.js';

/**
 * The tagged form of an XCom. Its size is that of its JSON text in UTF-8.
 * @throws AirflowLikeError XCOM_NOT_SERIALIZABLE with the key path, XCOM_TOO_LARGE with the size.
 */
export function encodeXCom(value: unknown, key: string, maxBytes: number): TaggedJson {
  const tagged = encodeTagged(value, key);
  const bytes = Buffer.byteLength(JSON.stringify(tagged));
  if (bytes <= maxBytes) return tagged;
  throw new AirflowLikeError('XCOM_TOO_LARGE', {
    place: key,
    message: `${compareBytes(bytes, maxBytes)}; store it elsewhere and hand on its path`,
  });
}

/** `293 KB > 256 KB`; exact where rounding would make both sides the same. */
function compareBytes(bytes: number, maxBytes: number): string {
  const [size, limit] = [formatBytes(bytes), formatBytes(maxBytes)];
  return size === limit ? `${bytes} B > ${maxBytes} B` : `${size} > ${limit}`;
}

function formatBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  if (bytes < 1_048_576) return `${trim(bytes / 1_024)} KB`;
  return `${trim(bytes / 1_048_576)} MB`;
}

function trim(amount: number): string {
  return amount.toFixed(1).replace(/\.0$/, '');
}
