/**
 * `dags test` and `tasks test`: one run in this process, in memory, with no database, so that a debugger stops at breakpoints. The same core,
 * scheduler and attempt code as in production; only store and executor are the in-process ones.
 */
import { dirname, relative, resolve } from 'node:path';
