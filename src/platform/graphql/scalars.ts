import { GraphQLScalarType } from 'graphql';
import { GraphQLDateTimeISO, GraphQLLocalDate } from 'graphql-scalars';
import { badInput } from '../../errors.js';

/** Scalars for fields: `Date` is DateTimeISO without being named, bytes and large counts are SafeInt, days are LocalDate (`2026-01-31`). */
export { GraphQLJSONObject as JSONObject, GraphQLSafeInt as SafeInt } from 'graphql-scalars';

const asText = GraphQLLocalDate.toConfig();
const asMoment = GraphQLDateTimeISO.toConfig();

/** Days of the calendar that PostgreSQL keeps: it has no year 0. */
export const LocalDate = new GraphQLScalarType({
  ...asText,
  parseValue: (value) => knownDay(asText.parseValue(value)),
  parseLiteral: (node, variables) => knownDay(asText.parseLiteral(node, variables)),
});

function knownDay(day: string): string {
  if (day.startsWith('0000')) throw badInput('LocalDate', day, 'a day from 0001-01-01 on');
  return day;
}

/** Moments of the same calendar, in UTC; type-graphql takes it for every `Date`. */
export const DateTime = new GraphQLScalarType({
  ...asMoment,
  parseValue: (value) => knownMoment(asMoment.parseValue(value)),
  parseLiteral: (node, variables) => knownMoment(asMoment.parseLiteral(node, variables)),
});

function knownMoment(moment: Date): Date {
  const year = moment.getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) throw badInput('DateTimeISO', moment, 'a moment from the years 1 to 9999');
  return moment;
}
