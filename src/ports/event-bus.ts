/** What changed: `dags` versions or pause, `runs` something to create, start or plan, `tasks` queued work for workers, `cancel` attempts revoked,
 * `callbacks` to be called. */
export type Topic = 'dags' | 'runs' | 'tasks' | 'cancel' | 'callbacks';

/** Hints only: a lost, late or repeated hint must not matter, because every listener also polls. */
export interface EventBus {
  publish(topic: Topic): void;
  /** Returns the function that ends the subscription. */
  subscribe(topic: Topic, listener: () => void): () => void;
  close(): Promise<void>;
}
