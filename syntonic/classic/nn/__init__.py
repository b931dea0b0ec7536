"""Networks and trainers as the documents call them: their arguments, on the parts that runs are made of."""
