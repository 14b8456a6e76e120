-- How a student is doing: the mean score by type as rows, how many assessments there are as output.
-- Returns 1 if there are none.
-- @student_id nvarchar(64)
-- @from date = NULL
-- @to date = NULL
-- @count int output
SET @count = (
  SELECT COUNT(*) FROM Assessments
  WHERE student_id = @student_id
    AND (@from IS NULL OR taken_at >= @from)
    AND (@to IS NULL OR taken_at < DATEADD(day, 1, @to))
);
IF @count = 0
  RETURN 1;
SELECT type, COUNT(*) AS assessments, CAST(AVG(score) AS DECIMAL(5,2)) AS mean_score, MAX(taken_at) AS last_taken_at
FROM Assessments
WHERE student_id = @student_id
  AND (@from IS NULL OR taken_at >= @from)
  AND (@to IS NULL OR taken_at < DATEADD(day, 1, @to))
GROUP BY type
ORDER BY type;
