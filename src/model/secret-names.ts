const SECRET_WORDS = [
  'access_key',
  'access_token',
  'api_key',
  'apikey',
  'authorization',
  'connection_string',
  'passphrase',
  'passwd',
  'password',
  'private_key',
  'proxy',
  'proxies',
  'secret',
  'token',
  'keyfile_dict',
  'service_account',
];

/** True for the name of a variable or setting whose value is not to be shown, by Airflow's list of words. */
export function isSecretName(name: string): boolean {
  const lower = name.toLowerCase();
  return SECRET_WORDS.some((word) => lower.includes(word));
}
