/** Answer of `GET /api/v2/version`. */
export interface VersionResponse {
  readonly version: string;
  /** Commit the build was made from, null when it is not known. */
  readonly git_version: string | null;
}
