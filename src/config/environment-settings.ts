/**
 * Variables and connections from the environment, under Airflow's names with our prefix: `AIRFLOW_LIKE_VAR_<KEY>` and `AIRFLOW_LIKE_CONN_<ID>`,
 * in capitals. A connection is an address (`postgres://login:password@host:5432/schema?extra=1`) or a JSON object.
 */
import type { Connection } from '../model/connection.js';
import { AirflowLikeError } from '../model/errors.js';
import type { SettingsSource } from '../ports/settings-source.js';
import { processEnvironment, type Environment } from './environment.js';

const VARIABLE_PREFIX = 'AIRFLOW_LIKE_VAR_';
const CONNECTION_PREFIX = 'AIRFLOW_LIKE_CONN_';

/** @param env Default: the process's own. */
export function environmentSettings(env: Environment = processEnvironment()): SettingsSource {
  return {
    variable: async (key) => env[`${VARIABLE_PREFIX}${key.toUpperCase()}`],
    async connection(connId) {
      const name = `${CONNECTION_PREFIX}${connId.toUpperCase()}`;
      const text = env[name];
      if (text === undefined) return undefined;
      return text.trimStart().startsWith('{') ? fromJson(connId, text, name) : fromAddress(connId, text, name);
    },
  };
}

function fromJson(connId: string, text: string, name: string): Connection {
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    throw invalid(name);
  }
  const word = (key: string): string | null => (typeof fields[key] === 'string' ? fields[key] : null);
  const { extra = null, port } = fields;
  return {
    connId,
    connType: word('conn_type') ?? '',
    host: word('host'),
    schema: word('schema'),
    login: word('login'),
    password: word('password'),
    port: port === undefined || port === null || port === '' ? null : Number(port),
    extra: extra === null || typeof extra === 'string' ? extra : JSON.stringify(extra),
  };
}

function fromAddress(connId: string, text: string, name: string): Connection {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid(name);
  }
  const word = (part: string): string | null => (part === '' ? null : decodeURIComponent(part));
  const query = Object.fromEntries(url.searchParams);
  // Airflow's way to put an object where an address has only pairs.
  const { __extra__: whole, ...pairs } = query;
  return {
    connId,
    // Airflow's connection types have underscores, where addresses have hyphens.
    connType: url.protocol.slice(0, -1).replaceAll('-', '_'),
    host: word(url.hostname),
    schema: word(url.pathname.slice(1)),
    login: word(url.username),
    password: word(url.password),
    port: url.port === '' ? null : Number(url.port),
    extra: whole ?? (Object.keys(pairs).length === 0 ? null : JSON.stringify(pairs)),
  };
}

/** The value is not shown: it may hold a password. */
function invalid(name: string): AirflowLikeError {
  return new AirflowLikeError('CONFIG_INVALID', {
    place: `env ${name}`,
    message: 'this is no connection',
    allowed: 'an address such as postgres://login:password@host:5432/schema, or a JSON object with conn_type, host, login, ...',
  });
}
