/** How to reach something outside: a database, a service, a store of files. */
export interface Connection {
  readonly connId: string;
  /** For example `postgres`. */
  readonly connType: string;
  readonly host: string | null;
  readonly schema: string | null;
  readonly login: string | null;
  readonly password: string | null;
  readonly port: number | null;
  /** Further settings as JSON. */
  readonly extra: string | null;
}
