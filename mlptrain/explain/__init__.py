"""What a model looks at: functions of a model and rows."""
