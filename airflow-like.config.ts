import { defineConfig } from 'airflow-like/config';

// Every option has a default: this file could be empty of options. What is shown here are the ones people change first, at their
// defaults. `npx airflow-like config list --defaults` prints all of them with meaning, unit and origin; each can also be set by an
// environment variable such as AIRFLOW_LIKE__CORE__PARALLELISM=64.
export default defineConfig({
  core: {
    // Everything the system writes lives here: the embedded Postgres, logs, caches. Git ignores it.
    home: '.airflow-like',
    dagsFolder: 'dags',
    pluginsFolder: 'plugins',
    // Task instances that may be queued or running at once, over all workers.
    parallelism: 32,
    // The zone of schedules whose DAG names none.
    defaultTimezone: 'UTC',
  },
  database: {
    // null starts an embedded Postgres. In production: 'postgres://user:password@host:5432/airflow_like', better set by
    // AIRFLOW_LIKE__DATABASE__URL than written here.
    url: null,
  },
  worker: {
    // Task instances that one worker runs at once, and the queues it takes them from.
    slots: 16,
    queues: ['default'],
  },
  api: {
    // Only this machine can reach the API server; '0.0.0.0' opens it to the network.
    host: '127.0.0.1',
    port: 8080,
  },
  logging: {
    level: 'info',
    // Pretty on a terminal, JSON lines elsewhere.
    format: 'auto',
  },
});
