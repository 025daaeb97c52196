/** Scalars for fields: `Date` is DateTimeISO without being named, bytes and large counts are SafeInt, days are LocalDate (`2026-01-31`). */
export {
  GraphQLDateTimeISO as DateTime,
  GraphQLJSONObject as JSONObject,
  GraphQLLocalDate as LocalDate,
  GraphQLSafeInt as SafeInt,
} from 'graphql-scalars';
