/** Which zone an author means. */
import { AirflowLikeError } from '../../model/errors.js';
import { nearestName } from '../../model/nearest-name.js';

export interface CheckedTimezone {
  /** The name as the zone database spells it. */
  readonly timezone: string;
  /** TZ_AMBIGUOUS for a name that is valid but hardly what was meant. */
  readonly warning: AirflowLikeError | null;
}

/** Abbreviations that the zone database knows as zones of their own, with the place that is nearly always meant. */
const ABBREVIATIONS: Readonly<Record<string, string>> = {
  EST: 'America/New_York',
  MST: 'America/Denver',
  HST: 'Pacific/Honolulu',
  CET: 'Europe/Paris',
  EET: 'Europe/Athens',
  MET: 'Europe/Paris',
  WET: 'Europe/Lisbon',
  EST5EDT: 'America/New_York',
  CST6CDT: 'America/Chicago',
  MST7MDT: 'America/Denver',
  PST8PDT: 'America/Los_Angeles',
  PST: 'America/Los_Angeles',
  CST: 'America/Chicago',
  IST: 'Asia/Kolkata',
  BST: 'Europe/London',
  JST: 'Asia/Tokyo',
};

/**
 * Upper and lower case do not matter; aliases of a zone stay as they are.
 * @throws AirflowLikeError TZ_UNKNOWN with the nearest IANA name. Offsets such as `+05:30` or `UTC+1` are not zones.
 */
export function checkTimezone(name: unknown, place: string): CheckedTimezone {
  if (typeof name !== 'string') throw unknown(name, place, null);
  const canonical = canonicalZone(name);
  const abbreviation = ABBREVIATIONS[name.toUpperCase()];
  if (canonical === null) throw unknown(name, place, abbreviation ?? suggestZone(name));
  if (abbreviation === undefined) return { timezone: canonical, warning: null };
  const warning = new AirflowLikeError('TZ_AMBIGUOUS', {
    place,
    message: 'this abbreviation is a zone of its own, and not the same all year as the place it makes one think of',
    value: name,
    suggestion: abbreviation,
  });
  return { timezone: name.toUpperCase(), warning };
}

function canonicalZone(name: string): string | null {
  // Newer versions of Node take offsets; older ones do not, and a DAG must mean the same everywhere.
  if (/^(utc|gmt)?[+-]/i.test(name)) return null;
  let resolved: string;
  try {
    resolved = new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
  if (resolved === 'UTC' || resolved.toLowerCase() === name.toLowerCase()) return resolved;
  // An alias. Node may resolve it to an older name (Asia/Kolkata to Asia/Calcutta), so the author's is kept.
  return name.replace(/^[a-z]{2}\b|(^|[/_-])[a-z]/gi, (begin) => begin.toUpperCase());
}

function suggestZone(name: string): string | null {
  const zones = [...Intl.supportedValuesOf('timeZone'), 'UTC'];
  const city = name.trim().toLowerCase().replace(/\s+/g, '_');
  if (/^z$|^(utc|gmt)/i.test(name)) return 'UTC';
  return zones.find((zone) => zone.toLowerCase().endsWith(`/${city}`)) ?? nearestName(name, zones);
}

function unknown(value: unknown, place: string, suggestion: string | null): AirflowLikeError {
  return new AirflowLikeError('TZ_UNKNOWN', {
    place,
    message: 'no such time zone',
    value,
    allowed: 'an IANA name such as Europe/Paris',
    suggestion,
  });
}
