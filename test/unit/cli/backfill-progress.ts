import type { FollowedBackfill } from '../../../src/cli/system.js';
import { NOW } from './fake-cli.js';

/** The progress of backfill 3 of `sales`. */
export function backfillProgress(counts: Partial<FollowedBackfill> = {}, expectedRuns = 100): FollowedBackfill {
  return {
    backfill: {
      id: 3,
      dagId: 'sales',
      fromDate: NOW,
      toDate: NOW,
      maxActiveRuns: 4,
      conf: {},
      reprocessBehavior: 'none',
      runBackwards: false,
      isCancelled: false,
      isIncomplete: false,
      runOnLatestVersion: true,
      isPaused: false,
      createdAt: NOW,
      completedAt: null,
      expectedRuns,
    },
    queued: 0,
    running: 0,
    partial: 0,
    success: 0,
    failed: 0,
    firstStartedAt: null,
    lastEndedAt: null,
    etaMs: null,
    ...counts,
  };
}
