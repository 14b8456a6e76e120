// Dates as handlers compute with them, in UTC.
const DAY = 24 * 60 * 60 * 1000;

const startOfWeek = (date) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() - ((date.getUTCDay() + 6) % 7)));
const addMonths = (date, months) => {
  const moved = new Date(date);
  moved.setUTCMonth(moved.getUTCMonth() + months);
  return moved;
};

exports.handler = async ({ arguments: { at } }) => {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) throw new Error(`${at} is not a date`);
  return {
    iso: date.toISOString(),
    json: JSON.parse(JSON.stringify({ date })).date,
    epoch: date.getTime(),
    week: startOfWeek(date).toISOString().slice(0, 10),
    months: [-13, -1, 1, 12].map((months) => addMonths(date, months).toISOString()),
    parts: [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds(), date.getUTCMilliseconds(), date.getUTCDay()],
    text: date.toUTCString(),
    full: date.toString(),
    parsed: ['2026-03-01', '2026-03-01T10:00:00', '2026-03-01T10:00:00.5Z', '2026-03-01T10:00:00+05:30', 'Tue, 03 Mar 2026 10:00:00 GMT', 'March 7, 2026', '2026-02-30T00:00:00Z', 'nonsense', ''].map((text) => Date.parse(text)),
    days: Math.round((Date.UTC(2026, 11, 31) - date.getTime()) / DAY),
    ages: ['2000-02-29', '2010-12-31'].map((born) => Math.floor((date - new Date(born)) / (365.25 * DAY))),
    compared: [date > new Date(0), +date === date.valueOf(), new Date(date) === date],
  };
};
