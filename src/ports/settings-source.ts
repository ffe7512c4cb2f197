import type { Connection } from '../model/connection.js';

/** Where variables and connections come from. Undefined: there is none of this name. */
export interface SettingsSource {
  variable(key: string): Promise<string | undefined>;
  connection(connId: string): Promise<Connection | undefined>;
}
