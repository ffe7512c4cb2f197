/**
 * Finds and kills processes that user code left behind. A child carries the token of its attempt in its environment (see
 * `runner/track-children.ts`), so that it is found also after it was given to init and when it ignores SIGTERM. Reads `/proc`; on systems
 * without it only processes that were recorded by pid are found.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Environment variable by which the processes of an attempt are recognised; its value is the attempt token. */
export const ATTEMPT_MARKER = 'AIRFLOW_LIKE_ATTEMPT';

export interface FoundProcess {
  readonly pid: number;
  /** Program name as the system shows it, at most 15 characters. */
  readonly name: string;
}

export interface DescendantsQuery {
  /** Processes that carry one of these tokens are found, with all their descendants. */
  readonly tokens: ReadonlySet<string>;
  /** Processes known to belong to the attempt, though their environment may not say so. */
  readonly pids?: Iterable<number>;
  /** Never found: the runner itself, whose environment carries the marker when it runs one attempt only. */
  readonly except: ReadonlySet<number>;
}

/** The processes that match the query and, at any depth, their children. */
export function findDescendants(query: DescendantsQuery): FoundProcess[] {
  const processes = readProcesses();
  const found = new Set<number>();
  for (const pid of query.pids ?? []) if (processes.size > 0 ? processes.has(pid) : kill(pid, 0)) found.add(pid);
  for (const pid of processes.keys()) if (!query.except.has(pid) && carriesToken(pid, query.tokens)) found.add(pid);
  for (let grew = found.size > 0; grew;) {
    grew = false;
    for (const [pid, { parent }] of processes) {
      if (!found.has(pid) && found.has(parent) && !query.except.has(pid)) {
        found.add(pid);
        grew = true;
      }
    }
  }
  for (const pid of query.except) found.delete(pid);
  return [...found].map((pid) => ({ pid, name: processes.get(pid)?.name ?? '' }));
}

/** A killed process is gone a moment later; this long is waited for it, in milliseconds. */
const MAX_WAIT_MS = 100;

/**
 * Kills what `findDescendants` finds with SIGKILL, again until nothing is found: a process may fork while it is being killed. Returns, with
 * all that were killed, when they are gone. Blocks the thread for that moment.
 */
export function killDescendants(query: DescendantsQuery): FoundProcess[] {
  const killed = new Map<number, FoundProcess>();
  const giveUpAt = performance.now() + MAX_WAIT_MS;
  for (;;) {
    const found = findDescendants(query);
    for (const one of found) if (kill(one.pid, 'SIGKILL')) killed.set(one.pid, one);
    if (found.length === 0 || performance.now() > giveUpAt) return [...killed.values()];
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
}

/** Sends a signal (0 only asks); false when there is no such process any more or it is not ours. */
export function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Kills a whole process group by its leader. */
export function killGroup(leader: number, signal: NodeJS.Signals): boolean {
  return kill(-leader, signal);
}

/**
 * Kills what is left in the group of this process, which leads it: a child that was given to init and whose environment was emptied is known by
 * nothing else. Returns what was killed.
 */
export function killRestOfOwnGroup(): FoundProcess[] {
  const killed: FoundProcess[] = [];
  for (const [pid, { group, name }] of readProcesses()) {
    if (group === process.pid && pid !== process.pid && kill(pid, 'SIGKILL')) killed.push({ pid, name });
  }
  return killed;
}

interface ProcessRow {
  readonly parent: number;
  readonly group: number;
  readonly name: string;
}

function readProcesses(): Map<number, ProcessRow> {
  const processes = new Map<number, ProcessRow>();
  let entries: string[];
  try {
    entries = readdirSync('/proc');
  } catch {
    return processes;
  }
  for (const entry of entries) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const stat = readText(`/proc/${pid}/stat`);
    // "pid (name) state parent group ...": the name may hold blanks and brackets itself. Zombies are dead already.
    const nameEnd = stat.lastIndexOf(')');
    if (nameEnd < 0 || stat[nameEnd + 2] === 'Z') continue;
    const [parent, group] = stat
      .slice(nameEnd + 4)
      .split(' ', 2)
      .map(Number) as [number, number];
    processes.set(pid, { parent, group, name: stat.slice(stat.indexOf('(') + 1, nameEnd) });
  }
  return processes;
}

function carriesToken(pid: number, tokens: ReadonlySet<string>): boolean {
  if (tokens.size === 0) return false;
  const environment = readText(`/proc/${pid}/environ`);
  let at = environment.indexOf(`${ATTEMPT_MARKER}=`);
  while (at > 0 && environment[at - 1] !== '\0') at = environment.indexOf(`${ATTEMPT_MARKER}=`, at + 1);
  if (at < 0) return false;
  const start = at + ATTEMPT_MARKER.length + 1;
  const end = environment.indexOf('\0', start);
  return tokens.has(environment.slice(start, end < 0 ? undefined : end));
}

/** Processes end while we read, and those of other users cannot be read. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
