/** How rendered template fields are kept: without secrets, and no longer than people read. */
import { maskPasswords } from '../../model/mask-passwords.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import type { RenderedFields } from '../../ports/task-channel.js';

/** Shorter secrets are left alone: masking them would spoil every text. */
const MIN_SECRET_LENGTH = 5;
const MASK = '***';

/**
 * @param secrets Texts that must not be seen.
 * @param maxLength Of each field's text, in UTF-16 units. A longer field becomes a text, cut to this length.
 */
export function storableFields(fields: RenderedFields, secrets: readonly string[], maxLength: number): RenderedFields {
  const hidden = secrets.filter((secret) => secret.length >= MIN_SECRET_LENGTH).sort((a, b) => b.length - a.length);
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const masked = maskValue(value, hidden);
      const text = typeof masked === 'string' ? masked : JSON.stringify(masked);
      if (text.length <= maxLength) return [name, masked];
      return [name, `${text.slice(0, maxLength)}... (${text.length} characters)`];
    }),
  );
}

function maskValue(value: TaggedJson, secrets: readonly string[]): TaggedJson {
  if (typeof value === 'string') return secrets.reduce((text, secret) => text.replaceAll(secret, MASK), maskPasswords(value));
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return (value as readonly TaggedJson[]).map((part) => maskValue(part, secrets));
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, maskValue(part as TaggedJson, secrets)]));
}
