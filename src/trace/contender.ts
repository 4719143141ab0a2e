import type { Cast } from './cast.js'
import type { TraceEvent } from './event.js'

/** One number for each task of each node: who competes with whom. */
export function contenderOf({ node, task }: Pick<TraceEvent, 'node' | 'task'>, { nodes }: Cast): number {
  return task * nodes.length + node
}

/** `node-3`, or `node-3/1` for its second task. */
export function contenderName(contender: number, { nodes }: Cast): string {
  const task = Math.floor(contender / nodes.length)
  const node = nodes[contender % nodes.length] ?? 'nobody'
  return task === 0 ? node : `${node}/${task}`
}

/** Something of each contender, in a list: a map measured 5% of a run, for each rule that has one. */
export class ByContender<T> {
  readonly #nodes: number
  readonly #values: (T | undefined)[] = []

  constructor({ nodes }: Cast) {
    this.#nodes = nodes.length
  }

  get(contender: number): T | undefined {
    return contender < this.#values.length ? this.#values[contender] : undefined
  }

  set(contender: number, value: T): void {
    // Set far beyond its end, a list becomes a dictionary.
    while (this.#values.length <= contender) this.#values.push(undefined)
    this.#values[contender] = value
  }

  delete(contender: number): void {
    if (contender < this.#values.length) this.#values[contender] = undefined
  }

  /** Of all tasks of `node`. */
  deleteNode(node: number): void {
    for (let contender = node; contender < this.#values.length; contender += this.#nodes)
      this.#values[contender] = undefined
  }

  some(test: (value: T) => boolean): boolean {
    return this.#values.some((value) => value !== undefined && test(value))
  }

  /** By number. */
  *entries(): Generator<readonly [contender: number, value: T]> {
    for (const [contender, value] of this.#values.entries()) if (value !== undefined) yield [contender, value]
  }
}
