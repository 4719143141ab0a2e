import type { Fence } from '../lease/index.js'

/** Who holds a space, as far as this node knows. */
export type Whereabouts =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'here'; readonly fence: Fence; readonly untilMs: number }
  | { readonly kind: 'there'; readonly owner: string }

export const UNKNOWN: Whereabouts = { kind: 'unknown' }

/** Some MiB. */
const MOST_SPACES = 4_096

/** What a node believes of spaces. It may be wrong: only the core knows. */
export interface Beliefs {
  /** `unknown` also when it was here, and has run out since. */
  of(space: string): Whereabouts
  set(space: string, place: Whereabouts): void
  forget(space: string): void
  /** Forgets that `fence` is good, unless another is believed in by now. */
  drop(fence: Fence): void
}

/**
 * Beliefs by the node's clock. Leases that are held are kept, however many; of all else no more than so many: it is known
 * again by asking.
 */
export function beliefsBy(nowMs: () => number): Beliefs {
  const places = new Map<string, Whereabouts>()
  let most = MOST_SPACES

  const isHeld = (place: Whereabouts | undefined): boolean => place?.kind === 'here' && nowMs() < place.untilMs
  const sweep = (): void => {
    for (const [space, place] of places) if (!isHeld(place)) places.delete(space)
    // Twice what is held, so that a sweep is paid for by as many spaces that are new.
    most = Math.max(MOST_SPACES, 2 * places.size)
  }
  return {
    of: (space) => {
      const place = places.get(space) ?? UNKNOWN
      return place.kind === 'here' && !isHeld(place) ? UNKNOWN : place
    },
    set: (space, place) => {
      if (places.size >= most && !places.has(space)) sweep()
      places.set(space, place)
    },
    forget: (space) => void places.delete(space),
    drop: ({ space, epoch }) => {
      const place = places.get(space)
      if (place?.kind === 'here' && place.fence.epoch === epoch) places.delete(space)
    },
  }
}
