/**
 * The digest of what tells this database from all others, wherever a session says that it is: the identity that initdb has
 * given the cluster, and the database's own id and name. An expression of SQL.
 */
export const identitySql = `(
  SELECT encode(sha256(convert_to(concat_ws('/', (SELECT system_identifier FROM pg_control_system()), oid, datname), 'UTF8')),
    'hex') FROM pg_database WHERE datname = current_database())`
