export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process, for the few who need a name that is not an option, such as NO_COLOR or TERM. */
export function processEnvironment(): Environment {
  return process.env;
}
