"""The same questions to another shop's EDD API and to Tillroll, and the answers side by side.

questions -> sides (who answers) -> answers (what of an answer counts) -> comparison -> reasons (which
differences are meant) -> report. Nothing here writes to either shop, and no credentials leave `sides`.
"""
