"""Reports of check-ups: facts in, a PDF or a workbook out; the same facts give the same bytes."""
