import { removeServer } from './jest-setup.mjs';

export default async function tearDown() {
  const folder = process.env['AIRFLOW_LIKE_TEST_POSTGRES_FOLDER'];
  if (folder) await removeServer(folder);
}
