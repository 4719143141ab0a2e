export { type AppendAuthority, appendAuthority } from './authority.js'
export type { ForwardedIntent, ForwardReply, Intent } from './intent.js'
export type { AuthorityOptions } from './options.js'
export type { AppendOutcome } from './pursuit.js'
