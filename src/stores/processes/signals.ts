/** What the system, or somebody at a terminal, ends us with. */
export const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Whether a process ended by a signal that was meant for us. A terminal sends it to our whole group, and one that is just being
 * started gets it as well, before it has a group of its own.
 */
export const wasMeantForUs = (signal: string | null): boolean => endSignals.some((each) => each === signal)
