export {
  type AppendAuthority,
  type AppendOutcome,
  type AuthorityOptions,
  appendAuthority,
  type ForwardedIntent,
  type ForwardReply,
  type Intent,
} from './authority.js'
