/**
 * Longer than a connection is known to one side only while it is made, on a busy machine. One that stands still for a second
 * has two looks in a row that find something half made: three it has not.
 */
const PERSISTS_MS = 1_000
const PERSISTS_LOOKS = 3

/** What one look has found of a worker: its connections to the server, each by a name of its own, and its sessions there. */
export interface Look {
  readonly open: readonly string[]
  readonly sessions: number
}

/**
 * Connections that are no sessions. Of more connections than sessions nobody can say which is the one, so all of them are
 * suspected, and taken for strays when that goes on. They are cleared when it turns out that each has become a session: on
 * a very busy machine that takes seconds.
 */
export class Strays {
  #suspects: ReadonlyMap<string, { readonly sinceMs: number; readonly looks: number }> = new Map()
  readonly #strays = new Set<string>()

  get count(): number {
    return this.#strays.size
  }

  /** Whether the last look has found more connections than sessions. */
  get suspects(): boolean {
    return this.#suspects.size > 0
  }

  /** Takes note of a look at all workers there are. */
  look(workers: readonly Look[], nowMs: number): void {
    const isMore = ({ open, sessions }: Look) => open.length > sessions
    for (const worker of workers) if (!isMore(worker)) for (const one of worker.open) this.#strays.delete(one)
    this.#suspects = new Map(
      workers.filter(isMore).flatMap(({ open }) =>
        open.map((one) => {
          const { sinceMs, looks } = this.#suspects.get(one) ?? { sinceMs: nowMs, looks: 0 }
          return [one, { sinceMs, looks: looks + 1 }] as const
        }),
      ),
    )
    for (const [one, { sinceMs, looks }] of this.#suspects) {
      if (nowMs - sinceMs >= PERSISTS_MS && looks >= PERSISTS_LOOKS) this.#strays.add(one)
    }
  }
}
