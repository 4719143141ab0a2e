/**
 * Pending events, soonest first: a binary heap in typed arrays, keyed by (time, order).
 *
 * Typed arrays because an object heap measured two to ten times slower from 100 to 1,000,000 pending events. `take`
 * leaves a hole at the root which the next `push` fills: a step that takes one event and schedules one, as nearly every
 * step does, then sifts once instead of twice.
 */
export class EventQueue {
  #times = new Float64Array(1024)
  #orders = new Float64Array(1024)
  #payloads = new Int32Array(1024)
  #length = 0
  #hole = false

  /** Virtual time of the event last taken. */
  atMs = 0
  /** Order key of the event last taken. */
  order = 0
  /** Payload of the event last taken. */
  payload = 0

  get size(): number {
    return this.#hole ? this.#length - 1 : this.#length
  }

  /** Virtual time of the soonest event, or Infinity when there is none. */
  get nextAtMs(): number {
    this.#closeHole()
    return this.#length === 0 ? Number.POSITIVE_INFINITY : (this.#times[0] as number)
  }

  push(atMs: number, order: number, payload: number): void {
    if (this.#hole) {
      this.#hole = false
      this.#siftDown(atMs, order, payload)
      return
    }
    if (this.#length === this.#times.length) this.#grow()
    this.#siftUp(this.#length++, atMs, order, payload)
  }

  /** Takes the soonest event due at or before `untilMs` into `atMs`, `order` and `payload`; false when there is none. */
  take(untilMs: number): boolean {
    this.#closeHole()
    if (this.#length === 0 || (this.#times[0] as number) > untilMs) return false
    this.atMs = this.#times[0] as number
    this.order = this.#orders[0] as number
    this.payload = this.#payloads[0] as number
    this.#hole = true
    return true
  }

  #closeHole(): void {
    if (!this.#hole) return
    this.#hole = false
    const last = --this.#length
    if (last > 0) {
      this.#siftDown(this.#times[last] as number, this.#orders[last] as number, this.#payloads[last] as number)
    }
  }

  #siftUp(from: number, atMs: number, order: number, payload: number): void {
    const times = this.#times
    const orders = this.#orders
    const payloads = this.#payloads
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      const parentMs = times[parent] as number
      if (parentMs < atMs || (parentMs === atMs && (orders[parent] as number) < order)) break
      times[at] = parentMs
      orders[at] = orders[parent] as number
      payloads[at] = payloads[parent] as number
      at = parent
    }
    times[at] = atMs
    orders[at] = order
    payloads[at] = payload
  }

  #siftDown(atMs: number, order: number, payload: number): void {
    const times = this.#times
    const orders = this.#orders
    const payloads = this.#payloads
    const length = this.#length
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= length) break
      const right = child + 1
      if (right < length) {
        const leftMs = times[child] as number
        const rightMs = times[right] as number
        if (rightMs < leftMs || (rightMs === leftMs && (orders[right] as number) < (orders[child] as number))) {
          child = right
        }
      }
      const childMs = times[child] as number
      if (atMs < childMs || (atMs === childMs && order < (orders[child] as number))) break
      times[at] = childMs
      orders[at] = orders[child] as number
      payloads[at] = payloads[child] as number
      at = child
    }
    times[at] = atMs
    orders[at] = order
    payloads[at] = payload
  }

  #grow(): void {
    const capacity = this.#times.length * 2
    const times = new Float64Array(capacity)
    const orders = new Float64Array(capacity)
    const payloads = new Int32Array(capacity)
    times.set(this.#times)
    orders.set(this.#orders)
    payloads.set(this.#payloads)
    this.#times = times
    this.#orders = orders
    this.#payloads = payloads
  }
}
