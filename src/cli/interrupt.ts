/** Whether the user, or the system, wants the command to end. */
export interface Interrupt {
  readonly happened: boolean
  /** From here on a signal ends the process, as it does without us. */
  dispose(): void
}

/** The first Ctrl-C, or SIGTERM, is noted, so that a command can end in good order; a second one ends the process. */
export function onInterrupt(): Interrupt {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const state = {
    happened: false,
    dispose: () => {
      for (const signal of signals) process.removeListener(signal, listener)
    },
  }
  const listener = () => {
    state.happened = true
    state.dispose()
  }
  for (const signal of signals) process.on(signal, listener)
  return state
}
