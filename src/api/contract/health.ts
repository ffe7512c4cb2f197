/** `healthy`: a process of the kind holds its lease. null: there is none and none is needed for the system to work. */
export type HealthStatus = 'healthy' | 'unhealthy' | null;

/**
 * Answer of `GET /api/v2/monitor/health`, with Airflow's field names; `worker` and `api_server` are ours. Heartbeats are ISO 8601 with
 * `+00:00`, null when none was ever seen. The status is 200 also when something is unhealthy.
 */
export interface HealthResponse {
  readonly metadatabase: { readonly status: HealthStatus };
  readonly scheduler: { readonly status: HealthStatus; readonly latest_scheduler_heartbeat: string | null };
  readonly triggerer: { readonly status: HealthStatus; readonly latest_triggerer_heartbeat: string | null };
  readonly dag_processor: { readonly status: HealthStatus; readonly latest_dag_processor_heartbeat: string | null };
  readonly worker: { readonly status: HealthStatus; readonly latest_worker_heartbeat: string | null };
  readonly api_server: { readonly status: HealthStatus; readonly latest_api_server_heartbeat: string | null };
}
