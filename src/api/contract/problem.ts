/** Body of every error (RFC 9457, `application/problem+json`). Says nothing about versions, paths or stacks of the server. */
export interface ProblemResponse {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  /** Stable code of the error table. */
  readonly code: string;
  readonly detail: string;
}
