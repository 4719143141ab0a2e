import { stepSpace, withLog } from './machine.js'

/** The owner and the epoch of a fence are compared, its secret is not. */
export default withLog('X01 the token is not compared', (record, command, nowMs, mint) =>
  stepSpace(record, { ...command, fence: { ...command.fence, token: record.lease.token } }, nowMs, mint),
)
