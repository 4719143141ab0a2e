import { type Store, type SubjectContext, storedCore, type WholeCore } from '../../src/index.js'

interface Row {
  version: number
  record: string | undefined
  checkpoint: string | undefined
  events: Map<number, string>
  sessions: Map<string, string>
}

/** A store whose every access is a step, on rows that survive a restart. */
export function steppingStore({ step, durable }: SubjectContext): Store {
  const rows = durable('rows', () => new Map<string, Row>())
  const rowOf = (key: string): Row => {
    const row = rows.get(key) ?? {
      version: 0,
      record: undefined,
      checkpoint: undefined,
      events: new Map(),
      sessions: new Map(),
    }
    rows.set(key, row)
    return row
  }
  return {
    load: (key, session) =>
      step(() => {
        const { version, record, sessions } = rowOf(key)
        return { version, record, session: sessions.get(session) }
      }),
    swap: (key, { version, record, sessionKey, session, effect }) =>
      step(() => {
        const row = rowOf(key)
        if (row.version !== version) return false
        row.version += 1
        row.record = record
        if (session !== undefined) row.sessions.set(sessionKey, session)
        switch (effect?.kind) {
          case 'append':
            row.events.set(effect.event.seq, JSON.stringify(effect.event))
            break
          case 'checkpoint':
            row.checkpoint = JSON.stringify(effect.checkpoint)
            break
          case 'truncate':
            for (const seq of [...row.events.keys()]) if (seq < effect.beforeSeq) row.events.delete(seq)
        }
        return true
      }),
    view: (key, fromSeq, limit) =>
      step(() => {
        const { record, checkpoint, events } = rowOf(key)
        const seqs = [...events.keys()].filter((seq) => seq >= fromSeq).sort((one, other) => one - other)
        return { record, checkpoint, events: seqs.slice(0, limit).map((seq) => events.get(seq) as string) }
      }),
  }
}

/** The built-in core, as `processes` of them on one such store: a command is carried out by one of them. */
export function steppingCore(context: SubjectContext, processes: number): WholeCore {
  const store = steppingStore(context)
  const cores = Array.from({ length: processes }, () => storedCore(store, context.mint))
  return {
    execute: (command, nowMs) => (context.random.pick(cores) as (typeof cores)[number]).execute(command, nowMs),
  }
}
