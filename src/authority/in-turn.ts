/** Runs `work` when all that was to be done before it for `space` has been done, or has failed. */
export type InTurn = <T>(space: string, work: () => Promise<T>) => Promise<T>

/**
 * One piece of work at a time for each space. A session has one request at a time on a space, so that its numbers come to a
 * core in their order, but for late copies: two at once would overtake each other, and the lower be refused as superseded
 * though nobody has given up on it. What was given up on may be overtaken: its outcome is unknown, and stays so.
 */
export function turns(): InTurn {
  const tails = new Map<string, Promise<unknown>>()
  return (space, work) => {
    const turn = (tails.get(space) ?? Promise.resolve()).then(work)
    const leave = () => {
      if (tails.get(space) === tail) tails.delete(space)
    }
    const tail = turn.then(leave, leave)
    tails.set(space, tail)
    return turn
  }
}
