// The legacy API: what the client calls by edge-js. All work is done by the library.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;

namespace LegacyApi
{
    public class Assessments
    {
        /// <summary>
        /// The assessments of students: `{ studentIds, type, from, to, trouble }`, of which all but the first may be null. `to` is the
        /// first moment that is too late.
        /// </summary>
        public async Task<object> GetAssessments(dynamic input)
        {
            await Task.Yield();
            var rows = new List<object>();
            foreach (object studentId in (object[])input.studentIds)
            {
                var found = Library.Fetch((string)studentId, (string)input.trouble)
                    .Where(row => input.type == null || row.Type == (string)input.type)
                    .Where(row => input.from == null || row.TakenAt >= (DateTime)input.from)
                    .Where(row => input.to == null || row.TakenAt < (DateTime)input.to)
                    .OrderBy(row => row.TakenAt).ThenBy(row => row.Id, StringComparer.Ordinal);
                rows.AddRange(found);
            }
            return rows;
        }

        /// <summary>Records `{ key, id, studentId, type, score, takenAt, trouble }`, and gives what is recorded under the key.</summary>
        public async Task<object> RecordAssessment(dynamic input)
        {
            await Task.Yield();
            var assessment = new Assessment
            {
                Id = input.id,
                StudentId = input.studentId,
                Type = input.type,
                Score = Math.Round((decimal)(double)input.score, 2, MidpointRounding.AwayFromZero),
                TakenAt = input.takenAt,
            };
            return Library.Record((string)input.key, (string)input.trouble, assessment);
        }
    }

    public class Assessment
    {
        public string Id { get; set; }
        public string StudentId { get; set; }
        public string Type { get; set; }
        public decimal Score { get; set; }
        public DateTime TakenAt { get; set; }
    }
}
