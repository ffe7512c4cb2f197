/** Names in `t` that are no tasks but shape the graph; a task cannot have one of them. */
export const FLOW_TOOLS: readonly string[] = ['group', 'scope'];
