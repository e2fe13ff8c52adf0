"""The servers of a run: who provides them, how they start, what each slot gets, how all ends.

Nothing is imported here: planning uses `services.choosing` alone and must stay light.
"""
